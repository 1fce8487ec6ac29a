"""What every verdict claims where there is nothing: seeds of one method, presented as several methods."""
