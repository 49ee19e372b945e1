"""The contract between the template and the function.

Resource types, property and attribute names, physical ids and the rules of their values. The
constructs check a user's arguments with these rules at synthesis, the function checks the same
rules again in the request, because a token can hide any value until it is deployed. Standard
library only, and of this package just the grammar of references: it is all that the constructs
import of it. The rules are Lightsail's own.
"""
