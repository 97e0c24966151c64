# The programs of the playbook as they are here; read in front of each of its commands. What never ends by itself is bounded.
aws() {
  local AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL
  if [ "$1" = ecs ]; then AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL_ECS; fi
  case " $* " in
    *" --follow "*) timeout --foreground "$BOUND_SECONDS" "$AWS_PROGRAM" --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
    *) "$AWS_PROGRAM" --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
  esac
}
redis-cli() { command redis-cli --no-auth-warning -u "$REDIS_URL" "$@"; }
watch() { timeout --foreground "$BOUND_SECONDS" watch "$@"; }
