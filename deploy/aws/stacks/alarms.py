"""What wakes somebody though the program itself may be silent, and what takes a deployment back."""

from aws_cdk import Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as balancing
from aws_cdk import aws_logs as logs
from stacks.parts import Part

_GIB = 1024**3


class Alarms:
    """The alarms of a service; the playbook's numbers where it has one.

    Attributes:
        stopping: those that take a deployment back.
    """

    def __init__(
        self, part: Part, *, topic: str, balancer: balancing.CfnLoadBalancer, targets: balancing.CfnTargetGroup
    ) -> None:
        self._part = part
        self._topic = topic
        self._namespace = f"Anclora/{part.size.name}"
        behind = {
            "LoadBalancer": balancer.attr_load_balancer_full_name,
            "TargetGroup": targets.attr_target_group_full_name,
        }
        door = "AWS/ApplicationELB"
        self.stopping = [
            self._alarm("answers-5xx", "More than ten requests a minute fail for our fault",
                        (door, "HTTPCode_Target_5XX_Count"), 10, behind, stat="Sum", times=3),
            self._alarm("tasks-unhealthy", "A task does not answer the health check",
                        (door, "UnHealthyHostCount"), 0, behind, stat="Maximum"),
        ]  # fmt: skip

    def of_tasks(self, *, cluster: str, service: str, sender: str, group: logs.CfnLogGroup) -> None:
        """What tasks use, what waits for them, and what they say."""
        works, sends = ({"ClusterName": cluster, "ServiceName": name} for name in (service, sender))
        backlog = (self._namespace, "Backlog")
        self._alarm("no-tasks", "Nothing runs", ("ECS/ContainerInsights", "RunningTaskCount"), 1, works, stat="Maximum",
                    times=3, under=True, missing="breaching")  # fmt: skip
        self._alarm("cpu", "CPU above 70 % for ten minutes", ("AWS/ECS", "CPUUtilization"), 70, sends, times=10)
        self._alarm(
            "memory", "Memory above 80 % for ten minutes", ("AWS/ECS", "MemoryUtilization"), 80, sends, times=10
        )
        self._alarm("backlog", "More than 5,000 wait for a worker, for ten minutes", backlog, 5_000, stat="Maximum",
                    times=10, missing="ignore")  # fmt: skip
        self._alarm("blind", "Nobody tells the backlog: no process keeps house, or Redis is away", backlog, 1,
                    stat="SampleCount", times=10, under=True, missing="breaching")  # fmt: skip
        logs.CfnMetricFilter(
            self._part,
            "ErrorLines",
            log_group_name=group.ref,
            filter_pattern='{ $.level = "ERROR" }',
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_namespace=self._namespace, metric_name="ErrorLines", metric_value="1", default_value=0
                )
            ],
        )
        self._alarm("error-lines", "Ten errors or more in a day", (self._namespace, "ErrorLines"), 9, stat="Sum",
                    minutes=1_440, times=1)  # fmt: skip

    def of_data(self) -> None:
        """What Postgres and Redis have left."""
        size = self._part.size
        database = {"DBInstanceIdentifier": self._part.take("DatabaseId")}
        self._alarm("postgres-cpu", "Postgres uses more than 80 % of its CPU", ("AWS/RDS", "CPUUtilization"), 80,
                    database, times=10)  # fmt: skip
        self._alarm("postgres-room", "Postgres has less than a tenth of its first disk left",
                    ("AWS/RDS", "FreeStorageSpace"), size.database_gb * _GIB // 10, database, under=True,
                    missing="breaching")  # fmt: skip
        self._alarm("postgres-memory", "Postgres has less than 256 MB left", ("AWS/RDS", "FreeableMemory"),
                    256 * 1024**2, database, under=True)  # fmt: skip
        for node in ("001", "002"):
            lanes = {"CacheClusterId": Fn.join("", [self._part.take("RedisId"), f"-0001-{node}"])}
            self._alarm(f"redis-memory-{node}", "The lanes fill 70 % of Redis, which refuses them when it is full",
                        ("AWS/ElastiCache", "DatabaseMemoryUsagePercentage"), 70, lanes)  # fmt: skip
            self._alarm(f"redis-cpu-{node}", "The one core of Redis is busy",
                        ("AWS/ElastiCache", "EngineCPUUtilization"), 80, lanes, times=10)  # fmt: skip

    def _alarm(
        self,
        name: str,
        says: str,
        source: tuple[str, str],
        over: float,
        dimensions: dict[str, str] | None = None,
        *,
        stat: str = "Average",
        minutes: int = 1,
        times: int = 5,
        under: bool = False,
        missing: str = "notBreaching",
    ) -> cloudwatch.CfnAlarm:
        pairs = (dimensions or {}).items()
        return cloudwatch.CfnAlarm(
            self._part,
            "Alarm" + name.title().replace("-", ""),
            alarm_name=f"{self._part.size.prefix}-{name}",
            alarm_description=says,
            namespace=source[0],
            metric_name=source[1],
            dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name=key, value=value) for key, value in pairs] or None,
            statistic=stat,
            period=60 * minutes,
            evaluation_periods=times,
            datapoints_to_alarm=times,
            threshold=over,
            comparison_operator="LessThanThreshold" if under else "GreaterThanThreshold",
            treat_missing_data=missing,
            alarm_actions=[self._topic],
            ok_actions=[self._topic],
        )
