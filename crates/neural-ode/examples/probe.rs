use burn::{nn::{Linear, LinearConfig}, prelude::*, tensor::activation};
use papers_core::{vjp, device};
use std::time::Instant;

fn elu(x: Tensor<2>) -> Tensor<2> {
    vjp::function([x], |[x]| {
        let slope = x.clone().clamp_max(0.0).exp();
        let out = x.clamp_min(0.0) + (slope.clone() - 1.0);
        (out, move |g: Tensor<2>| [g * slope])
    })
}
fn elu_plain(x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let slope = x.clone().clamp_max(0.0).exp();
        let out = x.clamp_min(0.0) + (slope.clone() - 1.0);
        (out, slope)
}
fn fused(l: &[Linear;3], z: Tensor<2>) -> Tensor<2> {
    let w = |i: usize| l[i].weight.val();
    let b = |i: usize| l[i].bias.as_ref().unwrap().val().unsqueeze::<2>();
    vjp::function([z, w(0), b(0), w(1), b(1), w(2), b(2)], |[z, w0,b0,w1,b1,w2,b2]| {
        let (h1, s1) = elu_plain(z.clone().matmul(w0.clone()) + b0);
        let (h2, s2) = elu_plain(h1.clone().matmul(w1.clone()) + b1);
        let out = h2.clone().matmul(w2.clone()) + b2;
        (out, move |g: Tensor<2>| {
            let d2 = g.clone().matmul(w2.transpose()) * s2;
            let d1 = d2.clone().matmul(w1.transpose()) * s1;
            [d1.clone().matmul(w0.transpose()),
             z.transpose().matmul(d1.clone()), d1.sum_dim(0),
             h1.transpose().matmul(d2.clone()), d2.sum_dim(0),
             h2.transpose().matmul(g.clone()), g.sum_dim(0)]
        })
    })
}
fn main() {
    let device = device::resolve("flex").unwrap();
    let tape = device.clone().autodiff();
    let l = [LinearConfig::new(4,20).init(&tape), LinearConfig::new(20,20).init(&tape), LinearConfig::new(20,4).init(&tape)];
    let z0 = Tensor::<2>::ones([250,4], &tape);
    let run = |f: &dyn Fn(Tensor<2>)->Tensor<2>, name: &str| {
        for _ in 0..3 {
        let n = 400; 
        let t = Instant::now();
        let mut z = z0.clone();
        for _ in 0..n { z = f(z); }
        let fw = t.elapsed();
        let loss = z.sum();
        let g = loss.backward();
        let _ = l[0].weight.grad(&g).unwrap().into_data();
        println!("{name}: {:.1} us/eval forward, {:.1} both", fw.as_secs_f64()*1e6/n as f64, t.elapsed().as_secs_f64()*1e6/n as f64);
        }
    };
    run(&|z| l[2].forward(activation::elu(l[1].forward(activation::elu(l[0].forward(z),1.0)),1.0)), "burn elu");
    run(&|z| l[2].forward(elu(l[1].forward(elu(l[0].forward(z))))), "vjp elu");
    run(&|z| l[2].forward(l[1].forward(l[0].forward(z).tanh()).tanh()), "tanh");
    run(&|z| fused(&l, z), "fused");
}
