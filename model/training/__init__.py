"""The training code behind everything that is shipped, one readable file per stage."""
