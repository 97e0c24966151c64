#!/usr/bin/env bash
# Has the image of a digest run on ECS: scripts/rollout.sh CLUSTER sha256:… [options of `anclora deploy verify`]
#
# A backup, the newer schema (the old program runs on it too), a revision that differs in its image alone, and what
# `anclora deploy verify` says of it, which is what this ends with; with a test number in SMOKE_TO it tries every path
# first. Services of other roles follow, forth and back. The program's commands run as tasks inside the network, where the
# ledger and what tasks show can be reached; verify does so by the role in DEPLOY_ROLE_ARN.
set -euo pipefail
cluster=$1 digest=$2
shift 2
service=anclora-whatsapp

of_service() {
  aws ecs describe-services --cluster "$cluster" --services "$service" --query "services[0].$1" --output json
}

revised() {
  aws ecs describe-task-definition --task-definition "$1" --query taskDefinition --output json | jq --arg digest "$digest" '
    .containerDefinitions[].image |= sub("@sha256:.*$"; "@" + $digest)
    | del(.taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities, .registeredAt, .registeredBy)'
}

# A command of the program, by a role of its own or else (-) that of the tasks; ends as it does.
run() {
  local role=$1 task overrides looks=0
  shift
  overrides=$(jq -n --arg role "$role" --arg cluster "$cluster" '
    {containerOverrides: [{name: "anclora", command: $ARGS.positional,
      environment: [{name: "ANCLORA_ECS_CLUSTER", value: $cluster}]}]}
    + if $role == "-" then {} else {taskRoleArn: $role} end' --args -- "$@")
  echo "anclora $*"
  task=$(aws ecs run-task --cluster "$cluster" --task-definition "$definition" --launch-type FARGATE \
    --network-configuration "$network" --overrides "$overrides" --query 'tasks[0].taskArn' --output text)
  # `aws ecs wait` gives up after ten minutes; a backup of much may take longer.
  until [ "$(of_task "$task" lastStatus)" = STOPPED ]; do
    ((++looks < ${MOST_LOOKS:-360})) || {
      echo "::error::anclora $* has not ended, and is left to itself: task ${task##*/}. End it: aws ecs stop-task"
      return 1
    }
    sleep "${LOOK_SECONDS:-10}"
  done
  [ "$(of_task "$task" 'containers[?name==`anclora`] | [0].exitCode')" = 0 ] || {
    echo "::error::anclora $* failed; what it said is in the log group, stream anclora/anclora/${task##*/}"
    return 1
  }
}

of_task() {
  aws ecs describe-tasks --cluster "$cluster" --tasks "$1" --query "tasks[0].$2" --output text
}

register() {
  aws ecs register-task-definition --cli-input-json "$(revised "$1")" --query taskDefinition.taskDefinitionArn --output text
}

update() {
  aws ecs update-service --cluster "$cluster" --service "$1" --task-definition "$2" > /dev/null
}

# With Roles=split the other roles have services of their own: name and revision of each that is there.
beside() {
  aws ecs describe-services --cluster "$cluster" --query 'services[?status==`ACTIVE`].[serviceName,taskDefinition]' \
    --output text --services "$service-dispatch" "$service-work"
}

# They go back when what was judged has gone back, and stay with it otherwise.
follow() {
  [ "$1" != 0 ] && [ "$(of_service taskDefinition | jq -r .)" = "$runs" ] || return 0
  while read -r name its; do
    [ -z "$name" ] || update "$name" "$its"
  done <<< "$sides"
}

runs=$(of_service taskDefinition | jq -r .)
sides=$(beside)
network=$(of_service networkConfiguration)
definition=$(register "$runs")
run - backup run --kind postgres
run - migrate
update "$service" "$definition"
trap 'follow $?' EXIT
moved=""
while read -r name its; do
  [ -n "$name" ] || continue
  its=$(register "$its")
  update "$name" "$its"
  moved+=${moved:+$'\n'}$name$'\t'$its
done <<< "$sides"
[ -z "${SMOKE_TO:-}" ] || set -- "$@" --smoke-to "$SMOKE_TO"
run "$DEPLOY_ROLE_ARN" deploy verify --digest "$digest" "$@"
[ -n "$sides" ] || exit 0
mapfile -t names < <(cut -f1 <<< "$sides")
aws ecs wait services-stable --cluster "$cluster" --services "${names[@]}"
[ "$(beside)" = "$moved" ] || {
  echo "::error::The doors run $digest, and not every service beside them does: ECS took one back. Look: aws ecs describe-services"
  exit 1
}
