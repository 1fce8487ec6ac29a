"""Work that the app has done in processes of their own: a queue that is nothing but files, and knows no Streamlit.

A job is a command of the command line. It is a folder in the user's own state folder; `python -m app.jobs FOLDER` waits
for its turn, runs the command and writes down how it went. What a job is doing is read from its folder alone, so any
number of browsers and apps see the same, and nothing is lost when one of them ends. Nobody is told a process's number:
a job that is alive holds a lock, and one that is to end finds a file that says so.
"""
