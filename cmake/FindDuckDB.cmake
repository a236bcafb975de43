# DuckDB as two packages deliver it: headers here, the shared library there. `scripts/duckdb` brings
# both to the default place. Sets DuckDB_FOUND and makes DuckDB::duckdb.
set(DUCKDB_ROOT "${PROJECT_SOURCE_DIR}/.cache/duckdb-1.4.4" CACHE PATH
  "Where include/duckdb.hpp and lib/libduckdb of DuckDB 1.4.4 are")
find_path(DuckDB_INCLUDE_DIR duckdb.hpp PATHS "${DUCKDB_ROOT}/include" NO_DEFAULT_PATH)
find_library(DuckDB_LIBRARY duckdb PATHS "${DUCKDB_ROOT}/lib" NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB REQUIRED_VARS DuckDB_LIBRARY DuckDB_INCLUDE_DIR)
if(DuckDB_FOUND AND NOT TARGET DuckDB::duckdb)
  add_library(DuckDB::duckdb SHARED IMPORTED)
  set_target_properties(DuckDB::duckdb PROPERTIES
    IMPORTED_LOCATION "${DuckDB_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${DuckDB_INCLUDE_DIR}")
endif()
