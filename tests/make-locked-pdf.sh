#!/bin/sh
# Writes tests/policies/formats/locked.pdf: a policy that asks for a password ("kastanie").
# Needs LibreOffice.
set -eu
cd "$(dirname "$0")/policies/formats"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '隐私政策\n\n我们会收集您的OAID。\n' > "$folder/locked.txt"
options='{"EncryptFile":{"type":"boolean","value":"true"},"DocumentOpenPassword":{"type":"string","value":"kastanie"}}'
soffice --headless "-env:UserInstallation=file://$folder/profile" --infilter=Text:UTF8 \
    --convert-to "pdf:writer_pdf_Export:$options" --outdir "$folder" "$folder/locked.txt" > /dev/null
mv "$folder/locked.pdf" locked.pdf
