"""The questions that people ask of the tables, in SQL for DuckDB: usage, processes, journeys, chats, uploads.

Belongs here: one query for each table, over the warehouse as it is stored, so that millions of rows never leave DuckDB.
"""

USAGE = """
SELECT u.department_id, p.name AS department, i.device_id, d.name AS device,
       count(DISTINCT i.user_id) AS people, count(DISTINCT i.session_id) AS sessions, count(*) AS actions,
       round(sum(i.duration_s) / 3600.0, 2) AS hours,
       count(*) FILTER (WHERE i.action = 'report_error') AS errors, count(i.incident_id) AS incident_actions
FROM enterprise.interactions i
JOIN enterprise.users u USING (user_id)
JOIN enterprise.departments p USING (department_id)
JOIN enterprise.devices d ON d.device_id = i.device_id
GROUP BY ALL
"""

PROCESS_PERFORMANCE = """
WITH latest AS (SELECT max(month) AS month FROM enterprise.process_metrics),
measured AS (
  SELECT process_id, sum(completed) AS completed, sum(breached) AS breached,
         sum(completed) FILTER (WHERE m.month > latest.month - INTERVAL 3 MONTH) AS recent_completed,
         sum(breached) FILTER (WHERE m.month > latest.month - INTERVAL 3 MONTH) AS recent_breached,
         sum(mean_hours * completed) AS hours
  FROM enterprise.process_metrics m, latest GROUP BY process_id
)
SELECT p.process_id, p.name AS process, d.name AS department, p.sla_hours, p.target_rate,
       coalesce(m.completed, 0)::BIGINT AS completed,
       round(1 - m.breached / nullif(m.completed, 0), 4) AS kept_rate,
       round(1 - m.recent_breached / nullif(m.recent_completed, 0), 4) AS recent_kept_rate,
       round(m.hours / nullif(m.completed, 0), 2) AS mean_hours,
       1 - m.breached / nullif(m.completed, 0) >= p.target_rate AS meets_target
FROM enterprise.processes p
JOIN enterprise.departments d USING (department_id)
LEFT JOIN measured m USING (process_id)
"""

JOURNEY_CONVERSION = """
WITH stages(stage, stage_position) AS (
  VALUES ('awareness', 1), ('consideration', 2), ('evaluation', 3), ('purchase', 4),
         ('deployment', 5), ('support', 6), ('renewal', 7)
),
reach AS (
  SELECT j.journey_id, c.customer_type, j.outcome, j.value_usd, max(s.stage_position) AS furthest
  FROM enterprise.journeys j
  JOIN enterprise.customers c USING (customer_id)
  LEFT JOIN enterprise.touchpoints t USING (journey_id)
  LEFT JOIN stages s ON s.stage = t.stage
  GROUP BY ALL
)
SELECT r.customer_type, s.stage, s.stage_position::BIGINT AS stage_position, count(*) AS journeys,
       count(*) FILTER (WHERE r.furthest >= s.stage_position) AS reached,
       round(count(*) FILTER (WHERE r.furthest >= s.stage_position) / count(*), 4) AS reach_rate,
       count(*) FILTER (WHERE r.furthest >= s.stage_position AND r.outcome = 'won') AS won,
       round(coalesce(sum(r.value_usd) FILTER (WHERE r.furthest >= s.stage_position AND r.outcome = 'won'), 0), 2) AS value_usd
FROM reach r CROSS JOIN stages s
GROUP BY ALL
"""

CHAT_ANALYTICS = """
WITH chats AS (
  SELECT chat_id, any_value(intent) AS intent, any_value(language) AS language, any_value(device_id) AS device_id,
         count(*) AS messages, bool_or(resolved) AS resolved, count(article_id) > 0 AS pointed, avg(rating) AS rating
  FROM enterprise.chat_messages GROUP BY chat_id
)
SELECT c.intent, c.language, d.family, count(*) AS chats, sum(c.messages)::BIGINT AS messages,
       round(avg(c.resolved::INT), 4) AS resolved_rate, round(avg(c.pointed::INT), 4) AS article_rate,
       round(avg(c.rating), 3) AS mean_rating
FROM chats c JOIN enterprise.devices d USING (device_id)
GROUP BY ALL
"""

UPLOAD_INVENTORY = """
WITH mentioned AS (SELECT DISTINCT file_id, unnest(mentioned_device_ids) AS device_id FROM uploads.texts),
inventory AS (
  SELECT coalesce(reader, 'none') AS reader, status, count(*) AS files, sum(coalesce(bytes, 0))::BIGINT AS bytes,
         sum(rows_loaded)::BIGINT AS rows_loaded, sum(rows_rejected)::BIGINT AS rows_rejected, sum(texts)::BIGINT AS texts
  FROM uploads.files GROUP BY ALL
),
devices AS (
  SELECT coalesce(f.reader, 'none') AS reader, f.status, count(DISTINCT m.device_id) AS devices
  FROM uploads.files f JOIN mentioned m USING (file_id) GROUP BY ALL
)
SELECT i.*, coalesce(d.devices, 0) AS devices FROM inventory i LEFT JOIN devices d USING (reader, status)
"""

ANALYTICS = """
SELECT 'usage' AS topic, department AS subject, 'hours' AS measure, round(sum(hours), 2) AS value, 'h' AS unit
FROM knowledge.usage GROUP BY department
UNION ALL
SELECT 'usage', department, 'incident_actions', sum(incident_actions), 'action' FROM knowledge.usage GROUP BY department
UNION ALL
SELECT 'process_performance', department, 'processes_meeting_target', round(avg(meets_target::INT), 4), '1'
FROM knowledge.process_performance GROUP BY department
UNION ALL
SELECT 'journey_conversion', customer_type, 'win_rate', round(max(won) / max(journeys), 4), '1'
FROM knowledge.journey_conversion WHERE stage_position = 1 GROUP BY customer_type
UNION ALL
SELECT 'journey_conversion', customer_type, 'value_usd', max(value_usd), 'USD'
FROM knowledge.journey_conversion WHERE stage_position = 1 GROUP BY customer_type
UNION ALL
SELECT 'chat_analytics', intent, 'resolved_rate', round(sum(resolved_rate * chats) / sum(chats), 4), '1'
FROM knowledge.chat_analytics GROUP BY intent
UNION ALL
SELECT 'chat_analytics', intent, 'chats', sum(chats), 'chat' FROM knowledge.chat_analytics GROUP BY intent
UNION ALL
SELECT 'upload_inventory', 'all', 'files', coalesce(sum(files), 0), 'file' FROM knowledge.upload_inventory
UNION ALL
SELECT 'upload_inventory', 'all', 'rows_loaded', coalesce(sum(rows_loaded), 0), 'row' FROM knowledge.upload_inventory
"""
