//! stub
use yagura_model::LocalText;
use yagura_store::StoredExclusion;
pub fn no_instances() -> StoredExclusion {
    todo!()
}
pub fn agent_unhealthy(_a: &str, _w: &str) -> StoredExclusion {
    todo!()
}
pub fn agent_busy(_a: &str, _w: &str) -> StoredExclusion {
    todo!()
}
pub fn unsupported_os(_a: &str, _w: &str, _x: &str) -> StoredExclusion {
    todo!()
}
pub fn evaluation_error_instance(_a: &str, _w: &str, _x: &str) -> StoredExclusion {
    todo!()
}
pub fn missing_feed(_a: &str, _w: &str) -> StoredExclusion {
    todo!()
}
pub fn partial(_a: &str, _w: &str, _t: &LocalText) -> StoredExclusion {
    todo!()
}
pub fn feed_gap(_a: &str, _w: &str, _t: &LocalText) -> StoredExclusion {
    todo!()
}
