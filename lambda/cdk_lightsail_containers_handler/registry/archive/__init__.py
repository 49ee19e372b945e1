"""Archives: tar and zip files with images in them."""
