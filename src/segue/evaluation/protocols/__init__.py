"""One file per family of protocols; the table is ``segue.evaluation.catalog``."""
