# Sends what go test says on standard output, its events, to the report: go_test.sh REPORT COMMAND…
report=$1
shift
exec "$@" >"$report"
