"""Where customers are, and from which words their names are built: fixed knowledge."""

CITIES: tuple[tuple[str, str, str, int], ...] = (
    ("Hong Kong", "Hong Kong", "zh-HK", 12), ("Kowloon", "Hong Kong", "zh-HK", 5),
    ("Shanghai", "Mainland China", "zh-CN", 7), ("Shenzhen", "Mainland China", "zh-CN", 6),
    ("Chengdu", "Mainland China", "zh-CN", 4), ("Hangzhou", "Mainland China", "zh-CN", 3),
    ("Taipei", "Taiwan", "zh-TW", 5), ("Kaohsiung", "Taiwan", "zh-TW", 3),
    ("Singapore", "Singapore", "en-SG", 7), ("Tokyo", "Japan", "ja-JP", 5), ("Osaka", "Japan", "ja-JP", 3),
    ("Munich", "Germany", "de-DE", 5), ("Hamburg", "Germany", "de-DE", 4), ("Leipzig", "Germany", "de-DE", 3),
    ("Vienna", "Austria", "de-DE", 2), ("Lyon", "France", "fr-FR", 3), ("Toulouse", "France", "fr-FR", 3),
    ("Madrid", "Spain", "es-ES", 3), ("Valencia", "Spain", "es-ES", 3), ("Campinas", "Brazil", "pt-BR", 3),
    ("Curitiba", "Brazil", "pt-BR", 2), ("Leeds", "United Kingdom", "en-GB", 4), ("Bristol", "United Kingdom", "en-GB", 4),
    ("Edinburgh", "United Kingdom", "en-GB", 3), ("Austin", "United States", "en-US", 5),
    ("Columbus", "United States", "en-US", 4), ("Denver", "United States", "en-US", 4), ("Raleigh", "United States", "en-US", 4),
)  # fmt: skip
"""City, country or region, locale and how many of the customers are there."""

INDUSTRIES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "enterprise": (
        ("Banking", ("Bank", "Savings Bank", "Capital")),
        ("Insurance", ("Insurance", "Mutual")),
        ("Automotive", ("Motors", "Automotive")),
        ("Pharmaceuticals", ("Pharma", "Biotech")),
        ("Retail", ("Stores", "Markets")),
        ("Logistics", ("Logistics", "Freight")),
        ("Energy", ("Energy", "Power")),
        ("Telecommunications", ("Telecom", "Mobile Networks")),
        ("Aviation", ("Airlines", "Airport Services")),
        ("Food Production", ("Foods", "Dairies")),
    ),
    "small_business": (
        ("Architecture", ("Architects", "Planning Office")),
        ("Accounting", ("Accountants", "Bookkeeping")),
        ("Dental Care", ("Dental Practice", "Dental Clinic")),
        ("Craft", ("Workshop", "Joinery")),
        ("Catering", ("Kitchen", "Catering")),
        ("Media Production", ("Studio", "Films")),
        ("Consulting", ("Consulting", "Partners")),
        ("Garden Design", ("Gardens", "Landscapes")),
    ),
    "public_sector": (
        ("City Administration", ("City Council", "Land Registry")),
        ("Public Health", ("Health Authority", "Ambulance Trust")),
        ("Public Transport", ("Transport Authority", "Tramways")),
        ("Justice", ("District Court", "Prison Service")),
        ("Water Supply", ("Water Board", "Waterworks")),
        ("Emergency Services", ("Fire Service", "Civil Protection Office")),
    ),
    "education": (
        ("Higher Education", ("University", "Institute of Technology")),
        ("Secondary Education", ("Grammar School", "High School")),
        ("Vocational Training", ("Vocational College", "Trade School")),
        ("Research", ("Research Centre", "Institute of Materials")),
    ),
    "reseller": (
        ("IT Retail", ("Computers", "Digital")),
        ("IT Distribution", ("Distribution", "Supply")),
        ("Managed Services", ("IT Services", "Managed Services")),
        ("System Integration", ("Systems", "Networks")),
    ),
}
"""Industries by customer type, each with the last words of names in it. Public bodies and schools bear their city's name."""

FIRST_WORDS = (
    "Alder", "Amber", "Anchor", "Arbor", "Aster", "Beacon", "Birch", "Blue Lantern", "Bridge", "Calder", "Cedar", "Cobalt",
    "Compass", "Copper", "Coral", "Crane", "Delta", "Dunes", "Eastgate", "Ember", "Falcon", "Fern", "Fjord", "Garnet",
    "Golden Gate", "Granite", "Harbour", "Hazel", "Heron", "Highland", "Ivory", "Jade", "Juniper", "Kestrel", "Lagoon",
    "Larch", "Linden", "Lotus", "Magnolia", "Maple", "Meridian", "Moorland", "Nightingale", "Northstar", "Oak Hill", "Opal",
    "Orchid", "Osprey", "Pebble", "Pine", "Plover", "Quarry", "Quill", "Raven", "Redwood", "River", "Saffron", "Sable",
    "Silver Birch", "Slate", "Sparrow", "Spruce", "Sterling", "Summit", "Swift", "Tamarind", "Teal", "Thistle", "Tidal",
    "Topaz", "Umber", "Vale", "Verdant", "Violet", "Walnut", "Westwind", "Willow", "Yarrow", "Zephyr", "Zinnia",
)  # fmt: skip
