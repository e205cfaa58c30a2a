"""Many syntheses of planned designs, which survive whatever happens to tools, machines and the campaign."""

from accelgen.campaign.plan import Plan
from accelgen.campaign.plan_file import read_plan
from accelgen.campaign.run import run_campaign
from accelgen.campaign.summary import Campaign

__all__ = ["Campaign", "Plan", "read_plan", "run_campaign"]
