"""About thirty invented inspection documents of councils that do not exist, and what each of them says."""
