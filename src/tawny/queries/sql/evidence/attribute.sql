-- The events that cells of a contact's attribute hang on, by rule and part.
-- of: contact-attributes
-- row: contact_profile_id, attribute_id, attribute_name, attribute_value, attribute_type
-- contact: contact_primary_identifier, contact_secondary_identifier
SELECT 'row' AS rule, 'last_set' AS part, last_attributes.event, CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN last_attributes
    ON last_attributes.contact_id = asked.contact_profile_id
    AND last_attributes.attribute_id = asked.attribute_id
WHERE last_attributes.newest = 1
UNION ALL
SELECT 'row' AS rule, 'row' AS part, writers.event, CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN writers ON writers.contact_id = asked.contact_profile_id
UNION ALL
SELECT 'contact' AS rule, 'saved' AS part, contact_names.event, CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN contact_names ON contact_names.contact_id = asked.contact_profile_id
