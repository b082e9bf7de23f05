# The three Inspector resources and the data source of the `aws` provider against a server of your own.
#
#   eval "$(yagura env)"
#   terraform init
#   terraform apply -var "endpoint=$AWS_ENDPOINT_URL"
#
# The provider reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_CA_BUNDLE itself.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 4.40"
    }
  }
}

variable "endpoint" {
  description = "URL of the server, as `yagura env` prints it (AWS_ENDPOINT_URL)"
  type        = string
}

variable "topic_arn" {
  description = "Topic that is told when a run starts and ends; none when empty"
  type        = string
  default     = ""
}

provider "aws" {
  # The server is no AWS account: nothing but Inspector is asked of it.
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true

  endpoints {
    inspector = var.endpoint
  }
}

data "aws_inspector_rules_packages" "all" {}

resource "aws_inspector_resource_group" "web" {
  tags = {
    Env = "demo"
  }
}

resource "aws_inspector_assessment_target" "web" {
  name               = "web (terraform)"
  resource_group_arn = aws_inspector_resource_group.web.arn
}

resource "aws_inspector_assessment_template" "weekly" {
  name               = "weekly"
  target_arn         = aws_inspector_assessment_target.web.arn
  duration           = 3600
  rules_package_arns = data.aws_inspector_rules_packages.all.arns

  tags = {
    Team = "platform"
  }

  dynamic "event_subscription" {
    for_each = var.topic_arn == "" ? [] : ["ASSESSMENT_RUN_STARTED", "ASSESSMENT_RUN_COMPLETED"]

    content {
      event     = event_subscription.value
      topic_arn = var.topic_arn
    }
  }
}

output "template_arn" {
  description = "What `aws inspector start-assessment-run --assessment-template-arn` takes"
  value       = aws_inspector_assessment_template.weekly.arn
}
