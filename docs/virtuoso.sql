-- Prepares a Virtuoso instance as one dataset: the passwords that come with it are changed, one account reads and one
-- writes, nobody else sees anything, and the server's own triples do not show in the union of the graphs.
--
--   isql-vt 127.0.0.1:1111 dba dba docs/virtuoso.sql -u DBA=... READER=... WRITER=...
set password "dba" "$U{DBA}";
user_set_password ('dav', '$U{DBA}');
DB.DBA.USER_CREATE ('ig_reader', '$U{READER}');
DB.DBA.USER_CREATE ('ig_writer', '$U{WRITER}');
GRANT SPARQL_SELECT TO "ig_reader";
GRANT SPARQL_UPDATE TO "ig_writer";
DB.DBA.RDF_DEFAULT_USER_PERMS_SET ('nobody', 0);
DB.DBA.RDF_DEFAULT_USER_PERMS_SET ('nobody', 0, 1);
DB.DBA.RDF_DEFAULT_USER_PERMS_SET ('ig_reader', 1);
DB.DBA.RDF_DEFAULT_USER_PERMS_SET ('ig_reader', 0, 1);
DB.DBA.RDF_DEFAULT_USER_PERMS_SET ('ig_writer', 3);
DB.DBA.RDF_DEFAULT_USER_PERMS_SET ('ig_writer', 0, 1);
DB.DBA.RDF_GRAPH_GROUP_CREATE ('http://www.openlinksw.com/schemas/virtrdf#PrivateGraphs', 1);
DB.DBA.RDF_GRAPH_GROUP_INS ('http://www.openlinksw.com/schemas/virtrdf#PrivateGraphs', 'http://www.openlinksw.com/schemas/virtrdf#');
DB.DBA.RDF_GRAPH_GROUP_INS ('http://www.openlinksw.com/schemas/virtrdf#PrivateGraphs', 'http://www.w3.org/ns/ldp#');
DB.DBA.RDF_GRAPH_GROUP_INS ('http://www.openlinksw.com/schemas/virtrdf#PrivateGraphs', 'http://www.w3.org/2002/07/owl#');
DB.DBA.RDF_GRAPH_GROUP_INS ('http://www.openlinksw.com/schemas/virtrdf#PrivateGraphs', 'http://localuriqaserver/sparql');
checkpoint;
