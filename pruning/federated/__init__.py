"""Federated learning: clients that keep their images, and a server that sees only what they send.

`splits` says which client has which images, `local` what a client does in a round, `aggregation` what the server makes
of what it is sent, `traffic` how many bits that takes, and `rounds` runs all of it. Ways to learn: `ways`.
"""
