"""What is measured of a ticket, a file each: a table and how its rows are made. Found here by themselves."""
