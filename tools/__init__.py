"""The commands of `cafflite`, one file each."""
