"""Turns a plan's hosts and answers into configurations: prepare.py PLAN_DIR WORK_DIR.

nginx gets one server for every name (it picks the certificate by SNI), dnsmasq
gets the zone. Nothing here knows what the clients will send.
"""

import sys
import tomllib
from pathlib import Path

plan_dir, work = Path(sys.argv[1]), Path(sys.argv[2])
plan = tomllib.loads((plan_dir / "plan.toml").read_text())
device = tomllib.loads((plan_dir / "device.toml").read_text())
hosts, cnames = plan["hosts"], plan.get("cnames", {})

sys.path.insert(0, str(Path(__file__).parent))
from play import fill  # noqa: E402  the same ${…} as in requests

(work / "mac").write_text(device["ids"]["mac"][0])
(work / "hosts").write_text("".join(f"{name}\n" for name in [*hosts, *cnames]))
(work / "addresses").write_text(
    "".join(f"{a}\n" for a in [*sorted(set(hosts.values())), "198.51.100.53"])
)

zone = [
    "no-daemon", "no-resolv", "no-hosts", "keep-in-foreground", "user=root", "port=53",
    "listen-address=198.51.100.53", "bind-interfaces", "local-ttl=300", "pid-file=",
    "log-facility=/dev/null",
]
zone += [f"host-record={name},{address}" for name, address in hosts.items()]
zone += [f"cname={name},{target}" for name, target in cnames.items()]
(work / "dnsmasq.conf").write_text("\n".join(zone) + "\n")

# The answer to a request, by host and path; what is not listed gets {}.
answers = "".join(
    f"    '{a['host']}{a['path']}' '{fill(a['body'], device)}';\n" for a in plan.get("answer", [])
)
(work / "nginx.conf").write_text(f"""
user root; worker_processes 1; daemon off; pid {work}/nginx.pid; error_log {work}/nginx-error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; server_tokens off; client_max_body_size 1m;
  client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3;
  uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
  map_hash_bucket_size 512; default_type application/json;
  gzip on; gzip_types application/json; gzip_min_length 64;
  map $host$uri $answer {{
    default '{{}}';
{answers}  }}
  server {{
    listen 80; listen 443 ssl;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers off;
    ssl_certificate {work}/certs/$ssl_server_name.crt;
    ssl_certificate_key {work}/certs/$ssl_server_name.key;
    location / {{ return 200 $answer; }}
  }}
}}
""")
