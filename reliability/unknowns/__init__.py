"""What AWS does not document of Lightsail, U1 to U14 and D1 to D9: all sides and pairs of them.

command         runs every lifecycle on every row of assumptions, in the simulated world
|-- findings    the tables of what came of it
`-- sides       the assumptions, and the rows of them
"""
