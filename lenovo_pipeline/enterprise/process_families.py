"""Families of business processes: who runs them, what they are called and in which steps they go.

Belongs here: phrase banks that hold for every seed, in the order of the value chain: a process waits only for
processes of families that stand before its own.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProcessFamily:
    """`hours` bounds the agreed time to complete; `steps` are in order, and every process leaves some of them out."""

    name: str
    department_id: str
    hours: tuple[int, int]
    activities: tuple[str, ...]
    steps: tuple[str, ...]


FAMILIES: tuple[ProcessFamily, ...] = (
    ProcessFamily(
        "market research", "DPT-MKT", (120, 600),
        ("Buyer Survey", "Competitor Review", "Price Benchmark", "Segment Study", "Win-Loss Analysis"),
        ("Agree on the questions", "Choose the sample", "Collect answers", "Clean the data", "Compare with last year",
         "Draft the findings", "Review with product owners", "Publish the report"),
    ),
    ProcessFamily(
        "product definition", "DPT-ENG", (200, 900),
        ("Requirement Freeze", "Concept Approval", "Specification Review", "Cost Target Setting", "Feature Trade-off"),
        ("Collect requirements", "Estimate the effort", "Check against standards", "Model the cost", "Build a mock-up",
         "Decide in the product board", "Record the decision", "Inform the plants"),
    ),
    ProcessFamily(
        "supplier selection", "DPT-PRO", (160, 700),
        ("Supplier Screening", "Tender Evaluation", "Second Source Approval", "Supplier Audit", "Framework Negotiation"),
        ("Describe the need", "Invite offers", "Check references", "Audit the site", "Score the offers", "Negotiate terms",
         "Sign the framework", "Set up the supplier"),
    ),
    ProcessFamily(
        "contract drafting", "DPT-LEG", (24, 240),
        ("Master Agreement Draft", "Non-Disclosure Agreement", "Licence Review", "Amendment Handling", "Clause Negotiation"),
        ("Take the request", "Pick the standard form", "Fill in commercial terms", "Mark deviations", "Ask the risk owner",
         "Negotiate open clauses", "Collect signatures", "File the contract"),
    ),
    ProcessFamily(
        "demand planning", "DPT-SCM", (48, 200),
        ("Weekly Forecast", "Launch Forecast", "Seasonal Forecast", "Forecast Reconciliation", "Constraint Planning"),
        ("Load order history", "Remove outliers", "Apply the promotion calendar", "Compute the forecast",
         "Compare with capacity", "Settle conflicts", "Freeze the plan", "Send it to plants"),
    ),
    ProcessFamily(
        "component purchasing", "DPT-PRO", (24, 160),
        ("Memory Order", "Panel Order", "Battery Order", "Packaging Order", "Spare Part Order"),
        ("Read the plan", "Check open orders", "Ask for quotes", "Approve the spend", "Place the order",
         "Confirm the delivery date", "Track the shipment", "Close the order"),
    ),
    ProcessFamily(
        "firmware release", "DPT-ENG", (72, 400),
        ("Firmware Build", "Firmware Staging", "Hotfix Release", "Driver Packaging", "Rollback Preparation"),
        ("Freeze the branch", "Build the image", "Sign the image", "Run the smoke test", "Stage to pilot devices",
         "Watch the error rate", "Approve the roll-out", "Publish the release note"),
    ),
    ProcessFamily(
        "qualification testing", "DPT-QUA", (96, 500),
        ("Drop Test", "Thermal Test", "Battery Cycle Test", "Interoperability Test", "Regression Test"),
        ("Plan the samples", "Prepare the test bench", "Run the first pass", "Record deviations", "Repeat failed cases",
         "Rate the risk", "Write the test report", "Release the product"),
    ),
    ProcessFamily(
        "certification", "DPT-QUA", (240, 1200),
        ("Radio Certification", "Safety Certification", "Energy Label Filing", "Accessibility Statement", "Environmental Filing"),
        ("List the markets", "Collect evidence", "Book the laboratory", "Send samples", "Answer questions",
         "Receive the certificate", "Update the label", "Archive the file"),
    ),
    ProcessFamily(
        "production scheduling", "DPT-SCM", (12, 96),
        ("Line Scheduling", "Changeover Planning", "Capacity Booking", "Rush Order Insertion", "Shift Levelling"),
        ("Read confirmed orders", "Check material", "Reserve the line", "Sequence the jobs", "Publish the schedule",
         "Watch the output", "Move late jobs", "Report the day"),
    ),
    ProcessFamily(
        "campaign delivery", "DPT-MKT", (80, 400),
        ("Launch Campaign", "Partner Campaign", "Webinar Series", "Trade Show", "Reference Story"),
        ("Write the brief", "Set the budget", "Create the content", "Check claims with legal", "Translate the content",
         "Book the channels", "Go live", "Measure the response"),
    ),
    ProcessFamily(
        "lead qualification", "DPT-SAL", (4, 48),
        ("Web Lead Check", "Event Lead Check", "Partner Lead Check", "Renewal Lead Check", "Public Tender Watch"),
        ("Receive the lead", "Remove duplicates", "Find the decision maker", "Call the contact", "Rate the need",
         "Assign an account executive", "Plan the next step"),
    ),
    ProcessFamily(
        "quotation", "DPT-SAL", (4, 72),
        ("Standard Quote", "Volume Quote", "Tender Offer", "Service Quote", "Price Exception"),
        ("Read the request", "Configure the devices", "Check availability", "Calculate the price", "Ask for a discount approval",
         "Write the offer", "Send the offer", "Follow up"),
    ),
    ProcessFamily(
        "credit approval", "DPT-FIN", (8, 96),
        ("New Customer Credit", "Limit Increase", "Leasing Check", "Payment Term Exception", "Reseller Credit Review"),
        ("Take the application", "Read the accounts", "Ask the credit bureau", "Compute the rating", "Propose a limit",
         "Decide by authority level", "Enter the limit", "Inform sales"),
    ),
    ProcessFamily(
        "order fulfilment", "DPT-SCM", (24, 240),
        ("Stock Order", "Custom Build Order", "Split Delivery", "Direct Shipment", "Export Order"),
        ("Validate the order", "Reserve stock", "Pick the devices", "Load the customer image", "Label the boxes",
         "Print customs papers", "Hand over to the carrier", "Confirm the delivery"),
    ),
    ProcessFamily(
        "customer deployment", "DPT-SVC", (40, 400),
        ("Laptop Roll-out", "Phone Enrolment", "Server Installation", "Cluster Expansion", "Data Migration"),
        ("Plan the dates", "Visit the site", "Prepare images", "Install the devices", "Move the data", "Test with key users",
         "Train the help desk", "Obtain the acceptance"),
    ),
    ProcessFamily(
        "invoice handling", "DPT-FIN", (12, 120),
        ("Customer Invoicing", "Supplier Invoice Check", "Credit Note", "Dunning", "Intercompany Billing"),
        ("Capture the document", "Match it with the order", "Check the tax", "Resolve differences", "Release the payment",
         "Post the entry", "Archive the document"),
    ),
    ProcessFamily(
        "support case handling", "DPT-SUP", (4, 72),
        ("Phone Support Case", "Chat Support Case", "Server Support Case", "Premium Support Case", "Reseller Support Case"),
        ("Greet the customer", "Identify the device", "Check the warranty", "Reproduce the fault", "Search the knowledge base",
         "Propose a remedy", "Confirm the result", "Close the case"),
    ),
    ProcessFamily(
        "escalation", "DPT-SUP", (2, 36),
        ("Critical Outage Escalation", "Executive Complaint", "Repeated Repair Escalation", "Data Loss Escalation",
         "Field Escalation"),
        ("Rate the impact", "Name an incident lead", "Open the bridge call", "Collect logs", "Engage engineering",
         "Inform the customer hourly", "Deliver the workaround", "Hold the review"),
    ),
    ProcessFamily(
        "warranty repair", "DPT-SVC", (24, 200),
        ("Depot Repair", "On-site Repair", "Battery Exchange", "Display Exchange", "Server Part Exchange"),
        ("Open the repair order", "Book the slot", "Diagnose the device", "Order the part", "Exchange the part",
         "Run diagnostics", "Return the device", "Scrap the old part"),
    ),
    ProcessFamily(
        "recruiting", "DPT-HRS", (160, 900),
        ("Engineer Hiring", "Graduate Hiring", "Executive Search", "Internal Move", "Contractor Hiring"),
        ("Approve the position", "Write the advert", "Screen applications", "Hold interviews", "Check references",
         "Make the offer", "Sign the contract", "Prepare the first day"),
    ),
    ProcessFamily(
        "payroll and leave", "DPT-HRS", (8, 80),
        ("Monthly Payroll", "Parental Leave", "Travel Expense Claim", "Bonus Payment", "Leaver Settlement"),
        ("Collect time records", "Check exceptions", "Compute the amount", "Have it approved", "Transfer the money",
         "Send the statement", "Answer questions"),
    ),
    ProcessFamily(
        "access management", "DPT-ITS", (2, 48),
        ("Account Creation", "Role Change", "Account Removal", "Guest Access", "Privileged Access"),
        ("Receive the request", "Verify the requester", "Check the separation of duties", "Ask the data owner",
         "Grant the rights", "Tell the user", "Log the change"),
    ),
    ProcessFamily(
        "workplace provisioning", "DPT-ITS", (8, 120),
        ("New Joiner Equipment", "Device Refresh", "Loaner Device", "Software Installation", "Meeting Room Setup"),
        ("Check the entitlement", "Choose the device", "Enrol the device", "Install the applications", "Encrypt the drive",
         "Hand it over", "Update the inventory"),
    ),
    ProcessFamily(
        "vulnerability response", "DPT-SEC", (12, 240),
        ("Advisory Handling", "Patch Campaign", "Penetration Test Follow-up", "Bug Report Intake", "Supply Chain Alert"),
        ("Take in the report", "Confirm the weakness", "Rate the severity", "List affected products", "Prepare the patch",
         "Publish the advisory", "Verify the roll-out", "Thank the reporter"),
    ),
    ProcessFamily(
        "compliance review", "DPT-LEG", (40, 400),
        ("Export Control Check", "Privacy Assessment", "Gift Register Review", "Records Retention Review",
         "Trade Sanction Check"),
        ("Define the scope", "Request evidence", "Interview the owners", "Compare with the rule", "Rate the findings",
         "Agree on actions", "Track the actions", "Sign off"),
    ),
    ProcessFamily(
        "security operations", "DPT-SEC", (1, 24),
        ("Alert Triage", "Phishing Report", "Lost Device", "Malware Containment", "Log Source Onboarding"),
        ("Receive the alert", "Enrich the alert", "Decide on the severity", "Isolate the device", "Remove the cause",
         "Restore the service", "Write the lesson learned"),
    ),
    ProcessFamily(
        "building maintenance", "DPT-FAC", (8, 160),
        ("Cooling Inspection", "Fire Alarm Test", "Desk Move", "Badge Replacement", "Power Maintenance"),
        ("Plan the work", "Announce the date", "Order material", "Lock out the area", "Do the work", "Inspect the result",
         "Release the area"),
    ),
    ProcessFamily(
        "energy and waste", "DPT-FAC", (24, 300),
        ("Energy Report", "Battery Recycling", "Waste Audit", "Water Report", "Device Take-back"),
        ("Read the meters", "Weigh the material", "Check the certificates", "Compute the figures", "Explain deviations",
         "Have them verified", "Publish the figures"),
    ),
)  # fmt: skip

SCOPES = (
    "Greater China", "Hong Kong", "Japan", "South East Asia", "India", "Oceania", "Central Europe", "Northern Europe",
    "Southern Europe", "United Kingdom and Ireland", "Middle East", "Africa", "North America", "Latin America", "Worldwide",
)  # fmt: skip
LINES = ("Phones", "Laptops", "Servers", "Edge Systems", "Services")
