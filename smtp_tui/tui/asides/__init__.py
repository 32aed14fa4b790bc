"""What is told beside the form: reports, other programs' command lines, errors explained."""
