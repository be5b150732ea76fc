# Runs Maven, then packs the reports of its test plug-ins into one file: maven.sh REPORT COMMAND…
report=$1
shift
# Those that came with the tree tell of another run.
command -p find . -path '*/target/*-reports/TEST-*.xml' -type f -exec rm -f {} +
"$@"
status=$?
# An archive of none still says that Maven came to its end.
command -p find . -path '*/target/surefire-reports/TEST-*.xml' -type f >/tmp/reports.txt
command -p find . -path '*/target/failsafe-reports/TEST-*.xml' -type f >>/tmp/reports.txt
command -p tar -cf "$report" -T /tmp/reports.txt
exit "$status"
