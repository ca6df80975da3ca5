"""What the words mean: vocabulary, shapes, themes, grades and authorities."""
