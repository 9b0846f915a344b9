"""The regions of OCI as data."""

from sandbox.providers.oci import regions


def test_the_regions_and_their_host_names_are_data():
    assert len(regions.KEYS) == 46
    assert regions.name("GRU") == "sa-saopaulo-1"
    assert regions.label("sa-saopaulo-1") == "gru1"
    assert regions.return_path_host("uk-london-1") == "lhr1.rp.oracleemaildelivery.com"
