"""The kinds of questions, one module each; `mhfa_lms.content.questions` is the door to them."""
