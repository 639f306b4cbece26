#!/usr/bin/env python3
"""Writes tests/data/geo: the same few networks (those of the documentation, RFC 5737 and
RFC 3849) as MMDB and as CSV.

    pip install mmdb_writer && python3 tests/make-geo.py    # from the repository's root
"""
import time
from netaddr import IPSet
import mmdb_writer

NETWORKS = [
    ('198.51.100.0/25', 'US', 64500, 'Example Cloud'),
    ('198.51.100.128/25', 'CN', 64501, 'Example Net'),
    ('2001:db8::/33', 'DE', 64502, 'Example GmbH'),
]
# The day that the file says it was made: 2026-06-25.
time.time = lambda: 1782345600
mmdb_writer.time.time = time.time
countries = mmdb_writer.MMDBWriter(6, 'Example-Country', languages=['en'], ipv4_compatible=True)
networks = mmdb_writer.MMDBWriter(6, 'Example-ASN', languages=['en'], ipv4_compatible=True)
for net, country, asn, name in NETWORKS:
    countries.insert_network(IPSet([net]), {'country': {'iso_code': country}})
    networks.insert_network(IPSet([net]), {'autonomous_system_number': asn, 'autonomous_system_organization': name})
countries.to_db_file('tests/data/geo/countries.mmdb')
networks.to_db_file('tests/data/geo/networks.mmdb')
with open('tests/data/geo/countries.csv', 'w') as out:
    out.write('# made 2026-06-25\nnetwork,country_code,asn,as_name\n')
    for net, country, asn, name in NETWORKS:
        out.write(f'{net},{country},AS{asn},{name}\n')
