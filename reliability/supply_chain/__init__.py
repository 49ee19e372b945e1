"""What is installed along: its vulnerabilities, its licences, its bill of materials."""
