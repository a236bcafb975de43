// Talks to the server by JDBC. Prints "ok" if everything was as it should be.
// usage: java -cp postgresql.jar Client.java PORT

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

public class Client {
  static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  static int count(ResultSet rows) throws SQLException {
    int n = 0;
    while (rows.next()) n++;
    rows.close();
    return n;
  }

  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", "me");
    Connection connection =
        DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + arguments[0] + "/any", properties);

    // After five times the driver names the statement and asks for binary values.
    PreparedStatement prepared = connection.prepareStatement(
        "SELECT service_key, key_length, value, count(*) OVER () AS n FROM state WHERE service_key >= ?"
            + " ORDER BY service_key");
    for (int i = 0; i < 12; i++) {
      prepared.setString(1, "n5");
      ResultSet rows = prepared.executeQuery();
      check(rows.next() && rows.getString(1).equals("n5"), "the first key, time " + i);
      check(rows.getLong(2) == 5 && rows.getBytes(3).length == 1 && rows.getLong("n") == 5, "its values");
      rows.close();
    }
    PreparedStatement times = connection.prepareStatement(
        "SELECT created_at, id FROM sys_invocation WHERE created_at < now() LIMIT ?");
    for (int i = 0; i < 12; i++) {
      times.setInt(1, 1);
      ResultSet rows = times.executeQuery();
      check(rows.next() && rows.getTimestamp(1).getTime() > 1600000000000L, "a time, time " + i);
      rows.close();
    }

    DatabaseMetaData metadata = connection.getMetaData();
    check(count(metadata.getTables(null, "public", "sys_%", null)) > 10, "tables");
    check(count(metadata.getColumns(null, "public", "sys_journal", "%")) > 10, "columns");
    check(count(metadata.getSchemas()) >= 1, "schemas");
    check(count(metadata.getCatalogs()) == 1, "catalogs");
    check(count(metadata.getPrimaryKeys(null, "public", "state")) == 0, "primary keys");
    check(count(metadata.getIndexInfo(null, "public", "state", false, false)) == 0, "indexes");
    check(count(metadata.getFunctions(null, null, "%")) == 0, "functions");
    check(count(metadata.getTypeInfo()) > 10, "types");

    connection.setAutoCommit(false);
    Statement statement = connection.createStatement();
    statement.setFetchSize(3);
    check(count(statement.executeQuery("SELECT service_key FROM state")) == 10, "ten rows, three at a time");
    connection.commit();
    try {
      statement.executeQuery("SELECT * FROM nothing");
      check(false, "an unknown table");
    } catch (SQLException error) {
      check(error.getSQLState().equals("42P01"), error.getSQLState());
    }
    try {
      statement.executeQuery("SELECT 1");
      check(false, "a failed transaction");
    } catch (SQLException error) {
      check(error.getSQLState().equals("25P02"), error.getSQLState());
    }
    connection.rollback();
    check(count(statement.executeQuery("SELECT services FROM sys_deployment")) == 1, "after a rollback");
    ResultSet arrays = statement.executeQuery("SELECT ['a', 'b'] AS list, 1 AS one, true AS yes");
    check(arrays.next(), "a row");
    check(((String[]) arrays.getArray(1).getArray()).length == 2, "an array");
    check(arrays.getInt(2) == 1 && arrays.getBoolean(3), "a number and a truth");
    connection.commit();

    statement.setQueryTimeout(1);
    try {
      count(statement.executeQuery(
          "SELECT count(*) FROM range(100000) a, range(100000) b, range(100000) c "
              + "WHERE a.range + b.range + c.range = 7"));
      check(false, "a statement that takes too long");
    } catch (SQLException error) {
      check(error.getSQLState().equals("57014"), error.getSQLState());
    }
    connection.rollback();
    connection.close();
    System.out.println("ok");
  }
}
