"""Schema changes, oldest first. Made by `tortoise makemigrations`; never edited once released."""
