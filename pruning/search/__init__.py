"""Search: the weights of a network are frozen, and which of them count, or with which sign, is learnt.

Every weight has a score. A rule reads the effective weights off the scores; the scores are trained by the gradient of
the effective weights, which passes the rule's steps as if they were not there (straight-through).
"""
