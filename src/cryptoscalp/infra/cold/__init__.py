"""The cold tier: closed days of facts in Apache Iceberg tables, and the ledger of them."""
