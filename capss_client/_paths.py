"""Where CAPSS answers, and which hosts are the DOJ's. A test holds these against the contract of the mock."""

from typing import Final

TOKEN: Final = "/oauth2/token"
UPLOAD: Final = "/api/bulkimport/save"
UPLOAD_STATUS: Final = "/api/bulkimport/status/"
UPDATE: Final = "/api/itemupdate/updateItem"
UPLOAD_PART: Final = "bulkUploadFile"
UPDATE_PART: Final = "itemUpdateFile"
PRODUCTION: Final = "capss.doj.ca.gov"
SANDBOX: Final = "capss-sb.doj.ca.gov"
