"""The dossier of each production entry: model card, dataset card, licences, bill of materials, evidence and lineage."""
