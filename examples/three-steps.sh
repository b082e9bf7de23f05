#!/usr/bin/env bash
# Set up, run, analyse: the three steps with the AWS command line against a server of your own.
#
#   eval "$(yagura env)"
#   examples/three-steps.sh
#
# Nothing here knows of Yagura; only the environment does. Settings, all optional:
#   TAG=Env=demo       the tag by which hosts belong to the target
#   DURATION=900       seconds that the run collects (180 to 86400)
#   STOP_AFTER=30      stop collecting after so many seconds and evaluate what has come in
#   REPORT=report.html where the report is written
#   KEEP=yes           leave the target in place when done
set -euo pipefail

tag=${TAG:-Env=demo}
duration=${DURATION:-900}
report=${REPORT:-report.html}
stamp=$(date -u +%Y%m%dT%H%M%SZ)

inspector() { aws inspector "$@" --output text; }
say() { printf '%s\n' "$*" >&2; }

say "1. Set up: hosts with the tag $tag"
group=$(inspector create-resource-group --resource-group-tags "key=${tag%%=*},value=${tag#*=}" --query resourceGroupArn)
target=$(inspector create-assessment-target --assessment-target-name "example $stamp" \
  --resource-group-arn "$group" --query assessmentTargetArn)

clean_up() {
  [ "${KEEP:-}" = yes ] || inspector delete-assessment-target --assessment-target-arn "$target" || true
}
stop_and_clean_up() {
  # A live run holds its target; what it has collected is not wanted any more.
  [ -z "${run:-}" ] || inspector stop-assessment-run --assessment-run-arn "$run" --stop-action SKIP_EVALUATION || true
  clean_up
}
trap stop_and_clean_up EXIT

inspector preview-agents --preview-agents-arn "$target" \
  --query 'agentPreviews[].[hostname, agentHealth, operatingSystem, agentId]'
read -r -a all_packages <<<"$(inspector list-rules-packages --query 'rulesPackageArns[]' | tr '\n' ' ')"
read -r -a packages <<<"$(inspector describe-rules-packages --rules-package-arns "${all_packages[@]}" --query \
  "rulesPackages[?contains(['Common Vulnerabilities and Exposures', 'Security Best Practices'], name)].arn" | tr '\n' ' ')"
template=$(inspector create-assessment-template --assessment-target-arn "$target" \
  --assessment-template-name weekly --duration-in-seconds "$duration" --rules-package-arns "${packages[@]}" \
  --user-attributes-for-findings key=状況,value=未対応 key=担当者,value=基盤チーム --query assessmentTemplateArn)

say "2. Run: $duration seconds${STOP_AFTER:+, stopped after $STOP_AFTER}"
run=$(inspector start-assessment-run --assessment-template-arn "$template" --query assessmentRunArn)
seen=""
started=$SECONDS
stopped=""
while :; do
  state=$(inspector describe-assessment-runs --assessment-run-arns "$run" --query 'assessmentRuns[0].state')
  [ "$state" = "$seen" ] || say "   $state"
  seen=$state
  case $state in
    COMPLETED | COMPLETED_WITH_ERRORS) break ;;
    FAILED | ERROR | CANCELED) say "the run ended as $state"; exit 1 ;;
  esac
  if [ -n "${STOP_AFTER:-}" ] && [ -z "$stopped" ] && [ $((SECONDS - started)) -ge "$STOP_AFTER" ]; then
    inspector stop-assessment-run --assessment-run-arn "$run" --stop-action START_EVALUATION
    stopped=yes
  fi
  sleep 1
done
trap clean_up EXIT

say "3. Analyse"
for severity in High Medium Low Informational; do
  read -r -a findings <<<"$(inspector list-findings --assessment-run-arns "$run" \
    --filter "severities=$severity" --query 'findingArns[]' | tr '\n' ' ')"
  say "   ${#findings[@]} of severity $severity"
  # Ten findings are described at a time.
  for ((start = 0; start < ${#findings[@]}; start += 10)); do
    inspector describe-findings --finding-arns "${findings[@]:start:10}" \
      --query 'findings[].[severity, assetAttributes.hostname, id, title]'
  done
  # The workflow: whoever takes a finding marks it.
  if [ "$severity" = High ] && [ ${#findings[@]} -gt 0 ]; then
    inspector add-attributes-to-findings --finding-arns "${findings[0]}" --attributes key=状況,value=対応済み >/dev/null
  fi
done
open=$(inspector list-findings --assessment-run-arns "$run" \
  --filter 'userAttributes=[{key=状況,value=未対応}]' --query 'findingArns[]' | wc -w)
say "   still open: $open"

url=None
until [ "$url" != None ]; do
  sleep 1
  url=$(inspector get-assessment-report --assessment-run-arn "$run" --report-file-format HTML --report-type FULL --query url)
done
curl --silent --show-error --fail --noproxy '*' --cacert "$AWS_CA_BUNDLE" --output "$report" "$url"
say "   report: $report"
