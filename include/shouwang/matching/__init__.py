"""Matching (信息比对): finds the registered person, or at least the household, that an accepted row
is about.

In: the rows that `quality` accepted and the registry's people as of the data month. Out: one line a
row — ``matched``, ``review`` (有待核实) or ``unmatched`` — with its method and confidence. Decided
here, and nowhere else, is whose row it is; a wrong household is far worse than a review, so nothing
is matched on a name alone or between two who fit equally.

`index.RegistryIndex` is built once a month and kept between departments; `ladder.match` runs the
ladder of evidence (`rungs_*`), strongest first: deterministic record linkage, blocking by number,
name and place. `methods.yaml` names every way in which a row can end. `reviewing` lists for a clerk
what is left open and takes the choices, `remembered` applies them later, `deciding` is the door.
"""
