# Links to pages that are not part of the reference become their text.
s/\[\([^]]*\)\](\.\.[^)]*)/\1/g
