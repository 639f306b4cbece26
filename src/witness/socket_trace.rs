//! PiRogue's `socket_trace.json`: each operation on a socket of a hooked process, with the stack
//! that led to it (`pirogue_cli/frida-scripts/log_socket_operations.js`). Times are milliseconds
//! of the phone's clock.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::{STACK, Socket, Witness, epoch, is_id, short};
use crate::evidence::Transport;

const FORMAT: &str = "PiRogue (socket trace)";

/// What a list says, where it is one.
pub fn of_list(list: &[Value]) -> Option<Witness> {
    let is_one = |value: &Value| value.get("dump").and_then(Value::as_str) == Some("socket_trace.json");
    if !list.iter().take(8).any(is_one) {
        return None;
    }
    Some(Witness::of_rows(FORMAT, list.iter().enumerate(), |witness, _, value| {
        witness.sockets.push(operation(value)?);
        Some(())
    }))
}

/// A list that does not parse, where its beginning shows whose it is.
pub fn damaged(text: &str) -> Option<Witness> {
    text.contains("\"socket_trace.json\"").then(|| Witness::cut(FORMAT))
}

fn operation(value: &Value) -> Option<Socket> {
    let data = value.get("data")?;
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).map(str::to_owned);
    let transport = match text(data, "socket_type")?.as_str() {
        "tcp" | "tcp6" => Transport::Tcp,
        "udp" | "udp6" => Transport::Udp,
        _ => return None,
    };
    let end = |ip: &str, port: &str| {
        let ip: IpAddr = text(data, ip)?.parse().ok()?;
        Some(SocketAddr::new(ip.to_canonical(), u16::try_from(data.get(port)?.as_u64()?).ok()?))
    };
    let pid = data.get("pid").and_then(Value::as_u64);
    let app = text(value, "process").map(|name| short(&name)).filter(|name| !name.is_empty());
    let app = app.or_else(|| pid.map(|pid| format!("pid {pid}")))?;
    let time = value.get("timestamp").and_then(Value::as_f64).and_then(epoch);
    let frames = data.get("stack").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let stack = frames.iter().filter_map(|frame| text(frame, "class")).take(STACK).map(|class| short(&class)).collect();
    let (local, remote) = (end("local_ip", "local_port")?, end("dest_ip", "dest_port")?);
    Some(Socket {
        transport,
        local,
        remote: Some(remote).filter(|remote| remote.port() != 0),
        // A further process of an app has a name after its package: `com.example:push`.
        is_id: is_id(app.split(':').next().unwrap_or_default()),
        app,
        first: time,
        last: time,
        stack,
    })
}
