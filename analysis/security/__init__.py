"""How much a network withstands: attacks of a chosen size in L-inf and L2, by gradient and by AutoAttack."""
