"""What keeps: Postgres, Redis, the secrets and the buckets. Nothing of it goes when its stack goes."""

from typing import Any

from aws_cdk import CfnDeletionPolicy, Fn
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct
from stacks.network import POSTGRES_PORT, REDIS_PORT
from stacks.parts import Part, excused, kept
from stacks.size import Size

_NO_SETTINGS = "# one setting a line"
_NO_ACCESS_LOG = (
    "Whoever reads a bucket stands in CloudTrail; a log of requests in anclora-logs would never expire by its day."
)


class Data(Part):
    """Postgres 16, Valkey 9 in cluster mode, six secrets, three buckets."""

    def __init__(self, scope: Construct, size: Size) -> None:
        super().__init__(scope, size, "data", "What Anclora keeps")
        self._key = self.take("KeyArn")
        self._postgres()
        self._redis()
        # One setting a line, as in a file of compose. Filled in by hand: docs/howto/deploy-to-aws.md.
        settings = self._secret("settings", "Settings", "One setting a line", secret_string=_NO_SETTINGS)
        # Empty until somebody puts the key file there; a task does not start without it.
        backups = self._secret("backup-key", "BackupKey", "The file of keys backups are encrypted with")
        self.give("SettingsSecret", settings.ref)
        self.give("BackupKeySecret", backups.ref)
        self._buckets()

    def _secret(self, name: str, logical: str, says: str, **more: Any) -> secretsmanager.CfnSecret:
        secret = secretsmanager.CfnSecret(
            self,
            logical,
            name=f"anclora/{self.size.name}/{name}",
            description=says,
            kms_key_id=self._key,
            **more,
        )
        kept(secret)
        return secret

    def _password(self, name: str, logical: str, says: str) -> str:
        """A password nobody has seen, as CloudFormation resolves it; without signs, since it stands in addresses."""
        generated = secretsmanager.CfnSecret.GenerateSecretStringProperty(password_length=48, exclude_punctuation=True)
        secret = self._secret(name, logical, says, generate_secret_string=generated)
        return Fn.join("", ["{{resolve:secretsmanager:", secret.ref, "}}"])

    def _postgres(self) -> None:
        size = self.size
        password = self._password("database-password", "DatabasePassword", "Of the user anclora")
        places = rds.CfnDBSubnetGroup(
            self,
            "DatabasePlaces",
            db_subnet_group_description="Where nothing leads out",
            subnet_ids=[self.take("Data0"), self.take("Data1")],
        )
        parameters = rds.CfnDBParameterGroup(
            self,
            "DatabaseParameters",
            db_parameter_group_name=f"{size.prefix}-postgres16",
            family="postgres16",
            description="TLS only, statements counted, no compiling of short queries",
            parameters={
                "jit": "0",
                "log_min_duration_statement": "1000",
                "rds.force_ssl": "1",
                "shared_preload_libraries": "pg_stat_statements",
            },
        )
        database = rds.CfnDBInstance(
            self,
            "Database",
            engine="postgres",
            engine_version="16.13",
            db_instance_class=size.database_class,
            db_name="anclora",
            port=str(POSTGRES_PORT),
            master_username="anclora",
            master_user_password=password,
            allocated_storage=str(size.database_gb),
            max_allocated_storage=size.database_gb * 5,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=self._key,
            multi_az=size.two_zones,
            db_subnet_group_name=places.ref,
            db_parameter_group_name=f"{size.prefix}-postgres16",
            vpc_security_groups=[self.take("DatabaseGroup")],
            publicly_accessible=False,
            backup_retention_period=size.backup_days,
            preferred_backup_window="02:00-02:30",
            preferred_maintenance_window="sun:03:00-sun:03:30",
            copy_tags_to_snapshot=True,
            deletion_protection=True,
            delete_automated_backups=False,
            auto_minor_version_upgrade=True,
            ca_certificate_identifier="rds-ca-rsa2048-g1",
            enable_cloudwatch_logs_exports=["postgresql", "upgrade"],
            enable_performance_insights=True,
            performance_insights_kms_key_id=self._key,
            performance_insights_retention_period=7,
            monitoring_interval=60,
            monitoring_role_arn=self.role_arn("monitoring"),
        )
        database.add_resource_dependency(parameters)
        database.cfn_options.deletion_policy = CfnDeletionPolicy.SNAPSHOT
        database.cfn_options.update_replace_policy = CfnDeletionPolicy.SNAPSHOT
        reasons = {"CKV_AWS_161": "One user, by password; a login by IAM would have to be renewed every 15 minutes."}
        if not size.two_zones:
            reasons["CKV_AWS_157"] = "Staging may be away while its zone is."
        excused(database, reasons)
        where = f"@${{Database.Endpoint.Address}}:{POSTGRES_PORT}/anclora?sslmode=require"
        address = self._secret(
            "database-url",
            "DatabaseUrl",
            "DATABASE_URL of the tasks",
            secret_string=Fn.sub(f"postgresql://anclora:${{Password}}{where}", {"Password": password}),
        )
        self.give("DatabaseUrlSecret", address.ref)
        self.give("DatabaseId", database.ref)

    def _redis(self) -> None:
        size = self.size
        token = self._password("redis-password", "RedisPassword", "Of Redis")
        places = elasticache.CfnSubnetGroup(
            self,
            "RedisPlaces",
            description="Where nothing leads out",
            subnet_ids=[self.take("Data0"), self.take("Data1")],
        )
        parameters = elasticache.CfnParameterGroup(
            self,
            "RedisParameters",
            cache_parameter_group_family="valkey9",
            description="Lanes are never thrown away",
            properties={"cluster-enabled": "yes", "maxmemory-policy": "noeviction"},
        )
        group = elasticache.CfnReplicationGroup(
            self,
            "Redis",
            replication_group_id=size.prefix,
            replication_group_description="The lanes of Anclora",
            engine="valkey",
            engine_version="9.0",
            cache_node_type=size.redis_class,
            cache_parameter_group_name=parameters.ref,
            cache_subnet_group_name=places.ref,
            security_group_ids=[self.take("RedisGroup")],
            port=REDIS_PORT,
            num_node_groups=1,
            replicas_per_node_group=1,
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            durability="sync" if size.durable_redis else None,
            at_rest_encryption_enabled=True,
            kms_key_id=self._key,
            transit_encryption_enabled=True,
            auth_token=token,
            auto_minor_version_upgrade=True,
            snapshot_retention_limit=7,
            snapshot_window="01:00-02:00",
            preferred_maintenance_window="sun:04:00-sun:05:00",
        )
        group.cfn_options.deletion_policy = CfnDeletionPolicy.SNAPSHOT
        group.cfn_options.update_replace_policy = CfnDeletionPolicy.SNAPSHOT
        where = f"@${{Redis.ConfigurationEndPoint.Address}}:{REDIS_PORT}/0"
        address = self._secret(
            "redis-url",
            "RedisUrl",
            "REDIS_URL of the tasks",
            secret_string=Fn.sub(f"rediss://:${{Password}}{where}", {"Password": token}),
        )
        self.give("RedisUrlSecret", address.ref)
        self.give("RedisId", group.ref)

    def _buckets(self) -> None:
        size = self.size
        self._bucket(
            "Backups",
            size.backups_bucket,
            [_rule("anclora-backups-past-versions", past_days=35)],
            # A version stays a week whoever asks for its end; the program removes what it no longer wants before that,
            # and then only hides it.
            locked_days=7,
        )
        # The rule is the one `anclora logs check` looks for, so that nobody sets a second.
        self._bucket("Logs", size.logs_bucket, [_rule("anclora-logs-expire", days=90, past_days=7)])
        # The program removes files by their last use.
        self._bucket(
            "Media", f"{size.prefix}-media-${{AWS::AccountId}}", [_rule("anclora-media-past-versions", past_days=7)]
        )

    def _bucket(
        self, name: str, called: str, rules: list[s3.CfnBucket.RuleProperty], *, locked_days: int | None = None
    ) -> None:
        lock = locked_days and s3.CfnBucket.ObjectLockConfigurationProperty(
            object_lock_enabled="Enabled",
            rule=s3.CfnBucket.ObjectLockRuleProperty(
                default_retention=s3.CfnBucket.DefaultRetentionProperty(mode="GOVERNANCE", days=locked_days)
            ),
        )
        bucket = s3.CfnBucket(
            self,
            f"{name}Bucket",
            bucket_name=Fn.sub(called) if "${" in called else called,
            bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(
                server_side_encryption_configuration=[
                    s3.CfnBucket.ServerSideEncryptionRuleProperty(
                        bucket_key_enabled=True,
                        server_side_encryption_by_default=s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
                            sse_algorithm="aws:kms", kms_master_key_id=self._key
                        ),
                    )
                ]
            ),
            lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(rules=rules),
            object_lock_enabled=True if lock else None,
            object_lock_configuration=lock or None,
            ownership_controls=s3.CfnBucket.OwnershipControlsProperty(
                rules=[s3.CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")]
            ),
            public_access_block_configuration=s3.CfnBucket.PublicAccessBlockConfigurationProperty(
                block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True
            ),
            versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
        )
        kept(bucket)
        excused(bucket, {"CKV_AWS_18": _NO_ACCESS_LOG})
        s3.CfnBucketPolicy(
            self,
            f"{name}BucketPolicy",
            bucket=bucket.ref,
            policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "OnlyByTls",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [bucket.attr_arn, Fn.sub(f"${{{name}Bucket.Arn}}/*")],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        )
        self.give(f"{name}Bucket", bucket.ref)


def _rule(name: str, *, past_days: int, days: int | None = None) -> s3.CfnBucket.RuleProperty:
    return s3.CfnBucket.RuleProperty(
        id=name,
        status="Enabled",
        expiration_in_days=days,
        noncurrent_version_expiration=s3.CfnBucket.NoncurrentVersionExpirationProperty(noncurrent_days=past_days),
        abort_incomplete_multipart_upload=s3.CfnBucket.AbortIncompleteMultipartUploadProperty(days_after_initiation=2),
    )
