"""Two zones, three rings: what the world reaches, what runs, and what keeps. Each lets in only the ring before it."""

from aws_cdk import CfnTag, Fn
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct
from stacks.parts import Part, excused, kept
from stacks.size import Size

APP_PORT, POSTGRES_PORT, REDIS_PORT = 8_000, 5_432, 6_379
# Providers and AWS answer on 443, mail is handed in on 587; nothing else leaves.
_OUT_PORTS = (443, 587)
_WORLD = "0.0.0.0/0"


class Network(Part):
    """The VPC and the security groups."""

    def __init__(self, scope: Construct, size: Size) -> None:
        super().__init__(scope, size, "network", "The network of Anclora")
        vpc = ec2.CfnVPC(
            self,
            "Vpc",
            cidr_block=f"{size.network}.0.0/16",
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=[CfnTag(key="Name", value=size.prefix)],
        )
        self._vpc = vpc.ref
        self._flow_log()
        self._routes()
        self._groups()
        self.give("VpcId", vpc.ref)

    def _flow_log(self) -> None:
        group = logs.CfnLogGroup(
            self,
            "FlowGroup",
            log_group_name=f"/vpc/{self.size.prefix}",
            retention_in_days=self.size.log_days,
            kms_key_id=self.take("KeyArn"),
        )
        kept(group)
        ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=self._vpc,
            resource_type="VPC",
            traffic_type="REJECT",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.ref,
            deliver_logs_permission_arn=self.role_arn("flow"),
        )

    def _routes(self) -> None:
        gateway = ec2.CfnInternetGateway(self, "Internet")
        attached = ec2.CfnVPCGatewayAttachment(self, "InternetIn", vpc_id=self._vpc, internet_gateway_id=gateway.ref)
        outside = ec2.CfnRouteTable(self, "PublicRoutes", vpc_id=self._vpc)
        ec2.CfnRoute(
            self, "PublicOut", route_table_id=outside.ref, destination_cidr_block=_WORLD, gateway_id=gateway.ref
        ).add_resource_dependency(attached)
        inner: list[str] = []
        nat = ""
        for zone in (0, 1):
            public = self._subnet("Public", zone, ring=0, routes=outside.ref)
            if zone == 0 or self.size.two_zones:
                address = ec2.CfnEIP(self, f"Address{zone}", domain="vpc")
                address.add_resource_dependency(attached)
                nat = ec2.CfnNatGateway(
                    self, f"Nat{zone}", allocation_id=address.attr_allocation_id, subnet_id=public
                ).ref
            inside = ec2.CfnRouteTable(self, f"PrivateRoutes{zone}", vpc_id=self._vpc)
            ec2.CfnRoute(
                self, f"PrivateOut{zone}", route_table_id=inside.ref, destination_cidr_block=_WORLD, nat_gateway_id=nat
            )
            self._subnet("Private", zone, ring=16, routes=inside.ref)
            inner.append(inside.ref)
        # What keeps has no way out at all.
        closed = ec2.CfnRouteTable(self, "DataRoutes", vpc_id=self._vpc)
        for zone in (0, 1):
            self._subnet("Data", zone, ring=32, routes=closed.ref)
        ec2.CfnVPCEndpoint(
            self,
            "BucketsWay",
            vpc_id=self._vpc,
            service_name=Fn.sub("com.amazonaws.${AWS::Region}.s3"),
            vpc_endpoint_type="Gateway",
            route_table_ids=inner,
        )

    def _subnet(self, ring_name: str, zone: int, *, ring: int, routes: str) -> str:
        name = f"{ring_name}{zone}"
        subnet = ec2.CfnSubnet(
            self,
            name,
            vpc_id=self._vpc,
            availability_zone=Fn.select(zone, Fn.get_azs()),
            cidr_block=f"{self.size.network}.{ring + zone}.0/24",
            map_public_ip_on_launch=False,
            tags=[CfnTag(key="Name", value=f"{self.size.prefix}-{ring_name.lower()}-{zone}")],
        )
        ec2.CfnSubnetRouteTableAssociation(self, f"{name}Routed", subnet_id=subnet.ref, route_table_id=routes)
        self.give(name, subnet.ref)
        return subnet.ref

    def _groups(self) -> None:
        balancer = self._group("Balancer", "The load balancer: what the world reaches")
        tasks = self._group("Tasks", "The tasks")
        database = self._group("Database", "Postgres")
        redis = self._group("Redis", "Redis")
        for port in (80, 443):
            way = ec2.CfnSecurityGroupIngress(
                self, f"World{port}", group_id=balancer, ip_protocol="tcp", from_port=port, to_port=port,
                cidr_ip=_WORLD, description="Anybody",
            )  # fmt: skip
            if port == 80:
                excused(way, {"CKV_AWS_260": "It answers with the address on 443, and with nothing else."})
        self._way("BalancerToTasks", balancer, tasks, APP_PORT)
        self._way("TasksToDatabase", tasks, database, POSTGRES_PORT)
        self._way("TasksToRedis", tasks, redis, REDIS_PORT)
        for port in _OUT_PORTS:
            ec2.CfnSecurityGroupEgress(
                self, f"TasksOut{port}", group_id=tasks, ip_protocol="tcp", from_port=port, to_port=port,
                cidr_ip=_WORLD, description="Providers, AWS and mail",
            )  # fmt: skip

    def _group(self, name: str, says: str) -> str:
        group = ec2.CfnSecurityGroup(
            self,
            f"{name}Group",
            vpc_id=self._vpc,
            group_description=says,
            # Without a line AWS lets everything out; this one lets out nothing.
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="icmp", from_port=252, to_port=86, cidr_ip="255.255.255.255/32", description="Nothing"
                )
            ],
        )
        self.give(f"{name}Group", group.attr_group_id)
        return group.attr_group_id

    def _way(self, name: str, source: str, target: str, port: int) -> None:
        ec2.CfnSecurityGroupEgress(
            self, f"{name}Out", group_id=source, ip_protocol="tcp", from_port=port, to_port=port,
            destination_security_group_id=target, description=name,
        )  # fmt: skip
        ec2.CfnSecurityGroupIngress(
            self, f"{name}In", group_id=target, ip_protocol="tcp", from_port=port, to_port=port,
            source_security_group_id=source, description=name,
        )  # fmt: skip
