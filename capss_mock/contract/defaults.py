"""The ready-made test client that the mock starts with, and where fields of the token stand by default."""

DOJ_HOSTS = ("capss-sb.doj.ca.gov", "capss.doj.ca.gov")  # WEB-HOST-SANDBOX, WEB-HOST-PRODUCTION
CLIENT_ID = "apitest"  # the sheet's example, step 4
CLIENT_SECRET = "Password1"
LICENSE_ID = "000000300"  # the sheet's example token
ORGANIZATION_ID = "00000000-0000-4000-8000-000000000300"  # invented: stable across starts
ORG_TYPE = "Store"
CREATED_BY = "capss.mock.user"  # invented
TOKEN_VERSION = 3  # as in the sheet's example
FIRST_STATUS_ID = 512627  # the lower of the two ids in the sheet
