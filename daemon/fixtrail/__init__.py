"""fixtrail: records how a bug was fixed, proves the record, scores it and hands it on."""
