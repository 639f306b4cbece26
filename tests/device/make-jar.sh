#!/bin/sh
# Writes tests/device/signed.jar and signed.sha256: a JAR that JDK's jarsigner signed with a key of its own
# making, whose certificate another one issued, and the SHA-256 of that certificate by openssl.
#
#     make-jar.sh FOLDER
set -eu
to=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
key() { keytool "$@" -keystore keys.p12 -storepass password -storetype PKCS12 2>/dev/null; }
key -genkeypair -alias root -keyalg EC -dname "CN=Example Root" -ext bc:c -validity 36500
key -genkeypair -alias app -keyalg RSA -keysize 2048 -dname "CN=Example App" -validity 36500
key -certreq -alias app | key -gencert -alias root -validity 36500 > app.pem
key -exportcert -rfc -alias root > root.pem
cat app.pem root.pem > chain.pem
key -importcert -alias app -noprompt -file chain.pem
echo code > classes.dex
python3 -c 'import zipfile; zipfile.ZipFile("signed.jar", "w").write("classes.dex")'
jarsigner -keystore keys.p12 -storepass password -sigfile CERT signed.jar app > jarsigner.log
openssl x509 -in app.pem -outform DER | sha256sum | cut -d ' ' -f 1 > signed.sha256
cp signed.jar signed.sha256 "$to"
