# DuckDB 1.4.4, as two packages deliver it: headers here, the shared library there. `scripts/duckdb` brings
# both to one place, which DUCKDB_ROOT names. Sets DuckDB_FOUND and makes DuckDB::duckdb.
if(DUCKDB_ROOT)  # then nowhere else: another version would link, and crash
  find_path(DuckDB_INCLUDE_DIR duckdb.hpp PATHS "${DUCKDB_ROOT}/include" NO_DEFAULT_PATH)
  find_library(DuckDB_LIBRARY duckdb PATHS "${DUCKDB_ROOT}/lib" NO_DEFAULT_PATH)
else()
  find_path(DuckDB_INCLUDE_DIR duckdb.hpp)
  find_library(DuckDB_LIBRARY duckdb)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB REQUIRED_VARS DuckDB_LIBRARY DuckDB_INCLUDE_DIR)
if(DuckDB_FOUND AND NOT TARGET DuckDB::duckdb)
  add_library(DuckDB::duckdb SHARED IMPORTED)
  set_target_properties(DuckDB::duckdb PROPERTIES
    IMPORTED_LOCATION "${DuckDB_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${DuckDB_INCLUDE_DIR}")
endif()
