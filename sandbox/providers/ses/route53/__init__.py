"""As much of Amazon Route 53 as publishing the records of identities needs: hosted zones and their record sets."""
