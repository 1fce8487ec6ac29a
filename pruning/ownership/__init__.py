"""Ownership: a claim that a ticket can prove, after "You are caught stealing my winning lottery ticket".

Chen et al. 2021 (NeurIPS, arXiv 2111.00162) name three ways: a part of the mask that is kept back (`keys`), a QR code
in the mask (`code`, `mark`), and images whose labels only the owner knows (`triggers`). `permutation` undoes the attack
that costs a thief nothing.
"""
