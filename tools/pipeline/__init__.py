"""From a recipe and corpora to a bundle, stage by stage; each module is one leg of the way."""
