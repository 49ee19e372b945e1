"""What AWS does not document of Lightsail, U1 to U14, each assumption and all pairs of them.

command         runs every lifecycle on every row of assumptions, in the simulated world
|-- findings    the tables of what came of it
`-- sides       the assumptions, and the rows of them
"""
