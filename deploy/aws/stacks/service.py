"""What runs: cluster, tasks, load balancer, and as many tasks as the backlog asks for."""

from typing import Any

from aws_cdk import CfnCondition, CfnParameter, Fn
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as balancing
from aws_cdk import aws_logs as logs
from constructs import Construct
from stacks.alarms import Alarms
from stacks.network import APP_PORT
from stacks.parts import Part, excused, kept
from stacks.size import Size

SERVICE = "anclora-whatsapp"
_ROLES = ("dispatch", "work")
# A task notices (10 s), answers what is open, drains (45 s) and closes in less than 110 s; Fargate waits 120 at most.
_STOP_SECONDS = 115
_LIVE = "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"  # as in the Dockerfile
# Secrets come by the environment and never as files, so the first container makes the files.
_PREPARE = (
    "umask 077; mkdir -p /data/tmp; "
    "printf '%s\\n' \"$SETTINGS\" > /data/settings.env; printf '%s\\n' \"$BACKUP_KEY\" > /data/backup.key"
)


class Service(Part):
    """One service of `serve --role all`, or three by role; behind one address."""

    def __init__(self, scope: Construct, size: Size) -> None:
        super().__init__(scope, size, "service", "Anclora at work")
        self._parameters()
        self._group = logs.CfnLogGroup(
            self,
            "LogGroup",
            log_group_name=size.log_group,
            retention_in_days=size.log_days,
            kms_key_id=self.take("KeyArn"),
        )
        kept(self._group)
        self.cluster = ecs.CfnCluster(
            self,
            "Cluster",
            cluster_name=size.prefix,
            # The number of running tasks comes from there, and the backlog is divided by it.
            cluster_settings=[ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="enabled")],
        )
        self._balancer()
        alarms = Alarms(self, topic=self._topic, balancer=self.balancer, targets=self.targets)
        self._stopping = alarms.stopping
        self._split = CfnCondition(self, "Split", expression=Fn.condition_equals(self._roles, "split"))
        self._settings = self._environment()
        doors = Fn.condition_if(self._split.logical_id, "api", "all").to_string()
        main = self._service("Service", SERVICE, doors, doors=True)
        main.add_resource_dependency(self._listener)
        sends, _ = (self._service(role.title(), f"{SERVICE}-{role}", role) for role in _ROLES)
        sender = Fn.condition_if(self._split.logical_id, sends.attr_name, main.attr_name).to_string()
        self._scaling(sender)
        self.give("BalancerName", self.balancer.attr_dns_name)
        alarms.of_tasks(cluster=self.cluster.ref, service=main.attr_name, sender=sender, group=self._group)
        alarms.of_data()

    def _parameters(self) -> None:
        def parameter(name: str, says: str, **more: Any) -> str:
            return CfnParameter(self, name, type=more.pop("type", "String"), description=says, **more).value_as_string

        self._image = parameter(
            "Image", "The image by digest: <registry>/anclora@sha256:<digest>", allowed_pattern=".+@sha256:[0-9a-f]{64}"
        )
        self._public_url = parameter(
            "PublicUrl",
            "Where webhooks and people reach it, such as https://anclora.com",
            allowed_pattern="https://[^/]+",
        )
        self._certificate = parameter(
            "CertificateArn", "The certificate of that name (ACM, this region)", allowed_pattern="arn:.+:certificate/.+"
        )
        self._topic = parameter("AlarmTopicArn", "The SNS topic that hears of alarms", allowed_pattern="arn:.+:sns:.+")
        self._roles = parameter(
            "Roles", "all: one service does everything; split: one for each role", default="all",
            allowed_values=["all", "split"],
        )  # fmt: skip
        self._tasks = CfnParameter(
            self,
            "Tasks",
            type="Number",
            description="Tasks at least; 0 to begin with",
            default=self.size.tasks,
            min_value=0,
        ).value_as_number
        self._most_tasks = CfnParameter(
            self, "MostTasks", type="Number", description="Tasks at most", default=self.size.most_tasks, min_value=1
        ).value_as_number

    def _balancer(self) -> None:
        self.balancer = balancing.CfnLoadBalancer(
            self,
            "Balancer",
            name=self.size.prefix,
            type="application",
            scheme="internet-facing",
            subnets=[self.take("Public0"), self.take("Public1")],
            security_groups=[self.take("BalancerGroup")],
            load_balancer_attributes=[
                balancing.CfnLoadBalancer.LoadBalancerAttributeProperty(key=key, value=value)
                for key, value in {
                    "deletion_protection.enabled": "true",
                    "idle_timeout.timeout_seconds": "60",  # less than the 75 s for which the program keeps a connection
                    "routing.http.drop_invalid_header_fields.enabled": "true",
                }.items()
            ],
        )
        excused(
            self.balancer,
            {
                "CKV_AWS_91": "Requests are counted by route; addresses of callers are personal data, kept nowhere.",
            },
        )
        self.targets = balancing.CfnTargetGroup(
            self,
            "Targets",
            name=self.size.prefix,
            vpc_id=self.take("VpcId"),
            target_type="ip",
            protocol="HTTP",
            port=APP_PORT,
            health_check_path="/health/live",
            health_check_protocol="HTTP",
            health_check_interval_seconds=10,
            health_check_timeout_seconds=5,
            healthy_threshold_count=2,
            unhealthy_threshold_count=3,
            matcher=balancing.CfnTargetGroup.MatcherProperty(http_code="200"),
            target_group_attributes=[
                # Its last request ends before the task does.
                balancing.CfnTargetGroup.TargetGroupAttributeProperty(
                    key="deregistration_delay.timeout_seconds", value="30"
                )
            ],
        )
        forward = balancing.CfnListener.ActionProperty(type="forward", target_group_arn=self.targets.ref)
        redirect = balancing.CfnListener.ActionProperty(
            type="redirect",
            redirect_config=balancing.CfnListener.RedirectConfigProperty(
                protocol="HTTPS", port="443", status_code="HTTP_301"
            ),
        )
        self._listener = balancing.CfnListener(
            self,
            "Https",
            load_balancer_arn=self.balancer.ref,
            port=443,
            protocol="HTTPS",
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            certificates=[balancing.CfnListener.CertificateProperty(certificate_arn=self._certificate)],
            default_actions=[forward],
        )
        balancing.CfnListener(
            self, "Http", load_balancer_arn=self.balancer.ref, port=80, protocol="HTTP", default_actions=[redirect]
        )

    def _environment(self) -> dict[str, str]:
        """Every setting that is not the operator's to choose; the rest stands in the secret `settings`."""
        return {
            "ANCLORA_BACKUP_KEY_FILE": "/data/backup.key",
            "ANCLORA_BACKUP_URL": Fn.join("", ["s3://", self.take("BackupsBucket")]),
            # RDS keeps its own log and brings back any moment by itself.
            "ANCLORA_BACKUP_WAL_SECONDS": "0",
            "ANCLORA_DRAIN_SECONDS": "45",
            "ANCLORA_ENV_FILE": "/data/settings.env",
            "ANCLORA_LOGS_BUCKET": self.take("LogsBucket"),
            "ANCLORA_LOG_GROUP": self._group.ref,
            "ANCLORA_MEDIA_BUCKET": self.take("MediaBucket"),
            "ANCLORA_METRICS_NAMESPACE": f"Anclora/{self.size.name}",
            # The load balancer needs some seconds to send no more.
            "ANCLORA_NOTICE_SECONDS": "10",
            "ANCLORA_PUBLIC_URL": self._public_url,
            "ANCLORA_REDIS_CLUSTER": "true",
            # Its durability is a log of AWS, which INFO does not show.
            "ANCLORA_REDIS_KEEPS": "false",
            "ANCLORA_URL": self._public_url,
            "AWS_DEFAULT_REGION": Fn.ref("AWS::Region"),
            "TMPDIR": "/data/tmp",
        }

    def _task(self, name: str, family: str, role: str) -> ecs.CfnTaskDefinition:
        of = ecs.CfnTaskDefinition
        size = self.size
        log = of.LogConfigurationProperty(
            log_driver="awslogs",
            options={
                "awslogs-group": self._group.ref,
                "awslogs-region": Fn.ref("AWS::Region"),
                "awslogs-stream-prefix": "anclora",
                # A log that stalls must not stall what is sent.
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        )
        common: dict[str, Any] = {
            "image": self._image,
            "user": "10001:10001",
            "readonly_root_filesystem": True,
            "linux_parameters": of.LinuxParametersProperty(
                capabilities=of.KernelCapabilitiesProperty(drop=["ALL"]), init_process_enabled=True
            ),
            "log_configuration": log,
            "mount_points": [of.MountPointProperty(container_path="/data", source_volume="data", read_only=False)],
        }
        prepare = of.ContainerDefinitionProperty(
            name="prepare",
            essential=False,
            entry_point=["sh", "-ec"],
            command=[_PREPARE],
            secrets=[
                of.SecretProperty(name="SETTINGS", value_from=self.take("SettingsSecret")),
                of.SecretProperty(name="BACKUP_KEY", value_from=self.take("BackupKeySecret")),
            ],
            **common,
        )
        main = of.ContainerDefinitionProperty(
            name="anclora",
            essential=True,
            command=["serve", "--role", role, "--host", "0.0.0.0", "--port", str(APP_PORT)],  # noqa: S104
            depends_on=[of.ContainerDependencyProperty(container_name="prepare", condition="SUCCESS")],
            environment=[of.KeyValuePairProperty(name=key, value=value) for key, value in self._settings.items()],
            secrets=[
                of.SecretProperty(name="DATABASE_URL", value_from=self.take("DatabaseUrlSecret")),
                of.SecretProperty(name="REDIS_URL", value_from=self.take("RedisUrlSecret")),
            ],
            port_mappings=[of.PortMappingProperty(container_port=APP_PORT, protocol="tcp")],
            health_check=of.HealthCheckProperty(
                command=["CMD", "python", "-c", _LIVE], interval=10, timeout=5, retries=3, start_period=60
            ),
            stop_timeout=_STOP_SECONDS,
            **common,
        )
        return of(
            self,
            name,
            family=family,
            cpu=str(size.cpu),
            memory=str(size.memory_mb),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform=of.RuntimePlatformProperty(cpu_architecture="X86_64", operating_system_family="LINUX"),
            execution_role_arn=self.role_arn("execution"),
            task_role_arn=self.role_arn("task"),
            volumes=[of.VolumeProperty(name="data")],
            container_definitions=[prepare, main],
        )

    def _service(self, name: str, called: str, role: str, *, doors: bool = False) -> ecs.CfnService:
        of = ecs.CfnService
        task = self._task("Task" if doors else f"{name}Task", called, role)
        door = of.LoadBalancerProperty(
            container_name="anclora", container_port=APP_PORT, target_group_arn=self.targets.ref
        )
        service = of(
            self,
            name,
            service_name=called,
            cluster=self.cluster.ref,
            task_definition=task.ref,
            launch_type="FARGATE",
            desired_count=self._tasks,
            enable_execute_command=False,
            propagate_tags="SERVICE",
            health_check_grace_period_seconds=120 if doors else None,
            load_balancers=[door] if doors else None,
            deployment_configuration=of.DeploymentConfigurationProperty(
                minimum_healthy_percent=100,
                maximum_percent=200,
                deployment_circuit_breaker=of.DeploymentCircuitBreakerProperty(enable=True, rollback=True),
                # Those that fail to start are the breaker's; what starts and does its work badly is theirs.
                alarms=of.DeploymentAlarmsProperty(
                    alarm_names=[each.alarm_name for each in self._stopping], enable=True, rollback=True
                ),
            ),
            network_configuration=of.NetworkConfigurationProperty(
                awsvpc_configuration=of.AwsVpcConfigurationProperty(
                    assign_public_ip="DISABLED",
                    security_groups=[self.take("TasksGroup")],
                    subnets=[self.take("Private0"), self.take("Private1")],
                )
            ),
        )
        for alarm in self._stopping:  # ECS wants them to be there
            service.add_resource_dependency(alarm)
        if not doors:
            service.cfn_options.condition = task.cfn_options.condition = self._split
        return service

    def _scaling(self, service: str) -> None:
        """By what waits for a worker, divided by the tasks that run. What senders hold back is not in it."""
        of = scaling.CfnScalingPolicy
        target = scaling.CfnScalableTarget(
            self,
            "Scaled",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=Fn.join("/", ["service", self.cluster.ref, service]),
            min_capacity=self._tasks,
            max_capacity=self._most_tasks,
        )
        running = [
            of.TargetTrackingMetricDimensionProperty(name="ClusterName", value=self.cluster.ref),
            of.TargetTrackingMetricDimensionProperty(name="ServiceName", value=service),
        ]

        def metric(key: str, namespace: str, name: str, stat: str, dimensions: Any = None) -> Any:
            of_what = of.TargetTrackingMetricProperty(namespace=namespace, metric_name=name, dimensions=dimensions)
            return of.TargetTrackingMetricDataQueryProperty(
                id=key,
                metric_stat=of.TargetTrackingMetricStatProperty(metric=of_what, stat=stat),
                return_data=False,
            )

        scaling.CfnScalingPolicy(
            self,
            "ScaledByBacklog",
            policy_name=f"{self.size.prefix}-backlog-per-task",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=of.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=self.size.backlog_per_task,
                scale_out_cooldown=60,
                scale_in_cooldown=300,
                customized_metric_specification=of.CustomizedMetricSpecificationProperty(
                    metrics=[
                        metric("backlog", f"Anclora/{self.size.name}", "Backlog", "Maximum"),
                        metric("tasks", "ECS/ContainerInsights", "RunningTaskCount", "Average", running),
                        of.TargetTrackingMetricDataQueryProperty(
                            id="each", expression="backlog / tasks", label="Backlog per task", return_data=True
                        ),
                    ]
                ),
            ),
        )
